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
        InputStream left = new BufferedInputStream(store.open(first));
        InputStream right = new BufferedInputStream(store.open(second));
        int expected = left.read();
        while (expected >= 0) {
            if (expected != right.read()) {
                return false;
            }
            expected = left.read();
        }
        boolean bothEnd = right.read() < 0;
        left.close();
        right.close();
        return bothEnd;
    }
}
