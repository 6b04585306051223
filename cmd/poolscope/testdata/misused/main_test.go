package main

import "testing"

func TestMistake(t *testing.T) {
	if string(render("text")) != "text" {
		t.Error("it is another text")
	}
}

func TestCorrect(*testing.T) { main() }
