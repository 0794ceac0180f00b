import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

record Frame(int number, byte[] pixels) {
}

interface Uploader {
    void upload(Frame frame) throws IOException;
}

final class FrameUploads {

    private final Uploader uploader;
    private final int threads;

    FrameUploads(Uploader uploader, int threads) {
        this.uploader = uploader;
        this.threads = threads;
    }

    int uploadAll(Iterator<Frame> frames) throws InterruptedException {
        AtomicInteger uploaded = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        for (int i = 0; i < threads; i++) {
            pool.execute(() -> drain(frames, uploaded));
        }
        pool.shutdown();
        pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        return uploaded.get();
    }

    private void drain(Iterator<Frame> frames, AtomicInteger uploaded) {
        for (Frame frame = next(frames); frame != null; frame = next(frames)) {
            try {
                uploader.upload(frame);
                uploaded.incrementAndGet();
            } catch (IOException e) {
                System.err.println("frame " + frame.number() + " failed: " + e.getMessage());
            }
        }
    }

    private static Frame next(Iterator<Frame> frames) {
        synchronized (frames) {
            return frames.hasNext() ? frames.next() : null;
        }
    }
}
