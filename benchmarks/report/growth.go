package main

func growthBlock(o options, r *results) (string, error) { return environment(r), nil }
