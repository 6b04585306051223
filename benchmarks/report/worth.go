package main

func worthBlock(o options, r *results) (string, error) { return environment(r), nil }
