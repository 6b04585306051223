package tested

import "testing"

func TestFails(t *testing.T) {
	for range 100 {
		use()
	}
	t.Error("as it should")
}
