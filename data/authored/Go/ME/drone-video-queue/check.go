package main

import (
	"fmt"
	"os"
	"runtime"
)

func fail(label string, value interface{}) {
	fmt.Println(label, value)
	os.Exit(1)
}

func heap() int {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

func main() {
	var queue Queue
	if chunk, ok := queue.Pop(); ok || queue.Len() != 0 {
		fail("empty queue gave", chunk)
	}
	for round := byte(0); round < 2; round++ {
		queue.Push([]byte{round, 1})
		queue.Push([]byte{round, 2})
		queue.Push(nil)
		for place := byte(1); place <= 2; place++ {
			if chunk, ok := queue.Pop(); !ok || len(chunk) != 2 || chunk[0] != round || chunk[1] != place {
				fail("wrong chunk:", chunk)
			}
		}
		if chunk, ok := queue.Pop(); !ok || chunk != nil || queue.Len() != 0 {
			fail("wrong empty chunk:", chunk)
		}
	}

	before := heap()
	queue.Push(make([]byte, 1<<20))
	for i := 0; i < 100; i++ {
		queue.Push(make([]byte, 1<<20))
		queue.Pop()
	}
	if held := heap() - before; held > 8<<20 {
		fail("bytes held for one chunk:", held)
	}
	runtime.KeepAlive(&queue)
}
