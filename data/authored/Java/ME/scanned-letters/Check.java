import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

final class Check {
    private static final Map<String, String> SCANS = Map.of("a", "letter", "b", "letter", "c", "lettuce", "d", "let", "e", "");
    private static int open;

    private static InputStream open(String scan) throws IOException {
        if (scan.equals("refused")) {
            throw new IOException("no drive");
        }
        open++;
        return new ByteArrayInputStream(SCANS.getOrDefault(scan, "").getBytes()) {
            private boolean closed;

            @Override
            public synchronized int read(byte[] buffer, int start, int length) {
                if (scan.equals("broken")) {
                    throw new java.io.UncheckedIOException(new IOException("tape"));
                }
                return super.read(buffer, start, length);
            }

            @Override
            public void close() {
                open -= closed ? 0 : 1;
                closed = true;
            }
        };
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) throws IOException {
        DuplicateScans scans = new DuplicateScans(Check::open);
        expect(scans.same("a", "b") && scans.same("a", "a") && open == 0, "equal scans");
        expect(!scans.same("a", "c") && !scans.same("d", "a") && !scans.same("a", "d") && !scans.same("e", "d"), "different scans");
        expect(open == 0, open + " streams are open after differences");
        for (String bad : new String[] {"refused", "broken"}) {
            try {
                scans.same("a", bad);
                expect(false, "no exception");
            } catch (IOException | java.io.UncheckedIOException expected) {
                expect(open == 0, open + " streams are open after an exception");
            }
        }
    }
}
