package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing/fstest"
)

// archive counts the files that are open at the same time.
type archive struct {
	files      fstest.MapFS
	open, most int
}

type countedFile struct {
	fs.File
	archive *archive
}

func (a *archive) Open(name string) (fs.File, error) {
	file, err := a.files.Open(name)
	if err != nil {
		return nil, err
	}
	a.open++
	if a.open > a.most {
		a.most = a.open
	}
	return countedFile{file, a}, nil
}

func (f countedFile) Close() error {
	f.archive.open--
	return f.File.Close()
}

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func main() {
	a := &archive{files: fstest.MapFS{}}
	var names []string
	for i := 0; i < 50; i++ {
		name := fmt.Sprintf("roll%d.raw", i)
		a.files[name] = &fstest.MapFile{Data: []byte("abc")}
		names = append(names, name)
	}
	sums, err := Checksums(a, names)
	if err != nil || len(sums) != 50 || !strings.HasPrefix(sums["roll7.raw"], "ba7816bf8f01cfea4141") {
		fail("wrong checksums:", sums)
	}
	if a.open != 0 {
		fail("files left open:", a.open)
	}
	_, err = Checksums(a, []string{"roll1.raw", "lost.raw"})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "lost.raw") || a.open != 0 {
		fail("wrong error:", err)
	}
	if a.most > 2 {
		fail("files open at the same time:", a.most)
	}
}
