import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;

interface ScanStore {
    InputStream open(String scan) throws IOException;
}

final class DuplicateScans {

    private final ScanStore store;

    DuplicateScans(ScanStore store) {
        this.store = store;
    }

    /** Compares two scans and reads no further than the first difference. */
    boolean same(String first, String second) throws IOException {
        if (first.equals(second)) {
            return true;
        }
        try (InputStream left = new BufferedInputStream(store.open(first));
            InputStream right = new BufferedInputStream(store.open(second))) {
            int expected = left.read();
            while (expected == right.read()) {
                if (expected < 0) {
                    return true;
                }
                expected = left.read();
            }
            return false;
        }
    }
}
