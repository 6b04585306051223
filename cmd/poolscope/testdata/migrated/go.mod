module example.com/migrated

go 1.26
