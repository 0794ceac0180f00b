import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
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
        Semaphore idle = new Semaphore(threads);
        while (frames.hasNext()) {
            idle.acquire();
            Frame frame = frames.next();
            pool.execute(() -> upload(frame, uploaded, idle));
        }
        pool.shutdown();
        pool.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        return uploaded.get();
    }

    private void upload(Frame frame, AtomicInteger uploaded, Semaphore idle) {
        try {
            uploader.upload(frame);
            uploaded.incrementAndGet();
        } catch (IOException e) {
            System.err.println("frame " + frame.number() + " failed: " + e.getMessage());
        } finally {
            idle.release();
        }
    }
}
