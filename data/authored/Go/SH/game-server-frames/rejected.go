package main

import (
	"encoding/binary"
	"fmt"
	"io"
)

const maxPayload = 64 << 10

// frameHeader is what stands before each payload.
type frameHeader struct {
	Length int32
}

// ReadFrame reads one frame from a player's connection and returns its payload.
func ReadFrame(connection io.Reader) ([]byte, error) {
	var header frameHeader
	if err := binary.Read(connection, binary.BigEndian, &header); err != nil {
		return nil, err
	}
	if header.Length > maxPayload {
		return nil, fmt.Errorf("frame of %d bytes, at most %d are allowed", header.Length, maxPayload)
	}

	payload := make([]byte, header.Length)
	if _, err := io.ReadFull(connection, payload); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return payload, nil
}
