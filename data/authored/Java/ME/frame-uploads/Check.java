import java.io.IOException;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicInteger;

final class Check {
    private static final int FRAMES = 120;
    private static final AtomicInteger FINISHED = new AtomicInteger();
    private static int taken;
    private static int mostHeld;

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) throws InterruptedException {
        Iterator<Frame> camera = new Iterator<>() {
            @Override
            public boolean hasNext() {
                return taken < FRAMES;
            }

            @Override
            public Frame next() {
                taken++;
                mostHeld = Math.max(mostHeld, taken - FINISHED.get());
                return new Frame(taken, new byte[8]);
            }
        };
        Uploader uploader = frame -> {
            try {
                Thread.sleep(2);
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            FINISHED.incrementAndGet();
            if (frame.number() % 10 == 0) {
                throw new IOException("connection reset");
            }
        };
        expect(new FrameUploads(uploader, 3).uploadAll(camera) == FRAMES - 12, "108 uploads went well");
        expect(taken == FRAMES && FINISHED.get() == FRAMES, "all frames");
        expect(mostHeld <= 12, mostHeld + " frames were held at once");
    }
}
