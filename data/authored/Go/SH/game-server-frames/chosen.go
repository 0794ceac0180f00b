package main

import (
	"encoding/binary"
	"fmt"
	"io"
)

const maxPayload = 64 << 10

// ReadFrame reads one frame from a player's connection and returns its payload.
func ReadFrame(connection io.Reader) ([]byte, error) {
	// The length that stands before each payload.
	var length uint32
	if err := binary.Read(connection, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	if length > maxPayload {
		return nil, fmt.Errorf("frame of %d bytes, at most %d are allowed", length, maxPayload)
	}

	payload := make([]byte, length)
	if _, err := io.ReadFull(connection, payload); err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return payload, nil
}
