package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	for _, c := range []struct {
		file     string
		expected Episode
	}{
		{"ep042_night-trains.mp3", Episode{42, "night trains"}},
		{"ep7_4-ways-home.mp3", Episode{7, "4 ways home"}},
		{"ep113_back-to-camp.mp3", Episode{113, "back to camp"}},
		{"ep0020_apollo-13.mp3", Episode{20, "apollo 13"}},
		{"ep9_mp3.mp3", Episode{9, "mp3"}},
	} {
		actual, err := ParseEpisode(c.file)
		if err != nil || actual != c.expected {
			fmt.Printf("%s: got %+v, %v, expected %+v\n", c.file, actual, err, c.expected)
			os.Exit(1)
		}
	}
	for _, file := range []string{
		"", "ep.mp3", "ep1_a.mp", "ep1.mp3", "ep1_.mp3", "ep_a.mp3", "1_a.mp3", "ep-1_a.mp3", "ep+1_a.mp3",
		"ep1_A.mp3", "ep1_a_b.mp3", "ep1_a.mp3.mp3", "epep1_a.mp3", "ep1_a.wav", "ep1_a.mp3 ",
	} {
		actual, err := ParseEpisode(file)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", file)) {
			fmt.Printf("%q: got %+v, %v, expected an error\n", file, actual, err)
			os.Exit(1)
		}
	}
}
