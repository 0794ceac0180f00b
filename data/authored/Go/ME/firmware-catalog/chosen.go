// Package firmware lists the images that the update server offers.
package firmware

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const headerSize = 64

// Image tells what a firmware file contains.
type Image struct {
	Path      string
	Version   uint16
	Name      string
	Signature []byte
}

// Load reads the headers of all firmware files in a folder.
func Load(folder string) ([]Image, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.fw"))
	if err != nil {
		return nil, err
	}
	images := make([]Image, 0, len(paths))
	for _, path := range paths {
		image, err := read(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		images = append(images, image)
	}
	return images, nil
}

func read(path string) (Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return Image{}, err
	}
	defer file.Close()

	header := make([]byte, headerSize)
	if _, err := io.ReadFull(file, header); err != nil || string(header[:4]) != "FWIM" {
		return Image{}, fmt.Errorf("no firmware header")
	}
	version := binary.BigEndian.Uint16(header[4:6])
	name := bytes.TrimRight(header[6:22], "\x00")
	return Image{Path: path, Version: version, Name: string(name), Signature: header[22:]}, nil
}
