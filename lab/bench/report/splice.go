package main

import (
	"fmt"
	"os"
	"regexp"
)

// splice replaces the marked blocks of a file:
//
//	<!-- begin NAME -->
//	…
//	<!-- end NAME -->
//
// Everything else in the file is written by hand. A block that the file does not
// have is an error, so that no figure is lost silently.
func splice(file string, blocks map[string]string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text := string(old)
	for name, block := range blocks {
		quoted := regexp.QuoteMeta(name)
		marks := regexp.MustCompile(`(?s)(<!-- begin ` + quoted + ` -->\n).*?(<!-- end ` + quoted + ` -->)`)
		if len(marks.FindAllStringIndex(text, -1)) != 1 {
			return fmt.Errorf("%s: want one pair of lines <!-- begin %s --> and <!-- end %s -->", file, name, name)
		}
		text = marks.ReplaceAllStringFunc(text, func(found string) string {
			m := marks.FindStringSubmatch(found)
			return m[1] + "\n" + block + "\n" + m[2]
		})
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
