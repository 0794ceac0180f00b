import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;

final class Check {
    private static final String LINE = "211378120;2024-05-01T08:15:02Z;53.5413;9.9841\n";
    private static final int LINES = 20_000;
    private static long produced;
    private static long taken;
    private static long furthestAhead;

    /** Yields the line again and again, a buffer at a time. */
    private static final class Source extends Reader {
        @Override
        public int read(char[] buffer, int start, int length) {
            int lines = (int) Math.min(LINES - produced, length / LINE.length());
            for (int i = 0; i < lines; i++) {
                LINE.getChars(0, LINE.length(), buffer, start + i * LINE.length());
            }
            produced += lines;
            furthestAhead = Math.max(furthestAhead, produced - taken);
            return lines == 0 ? -1 : lines * LINE.length();
        }

        @Override
        public void close() {
        }
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) throws IOException {
        List<Position> found = new ArrayList<>();
        String log = LINE + "x\n1;yesterday;2;3\n7;2024-05-01T08:15:03Z;-1.5;x\n7;2024-05-01T08:15:03Z;-1.5;2\n";
        expect(ShipLog.replay(new StringReader(log), found::add) == 3, "three lines left out");
        expect(found.size() == 2 && found.get(1).latitude() == -1.5 && found.get(0).ship().equals("211378120"), "" + found);

        expect(ShipLog.replay(new Source(), position -> taken++) == 0, "no line left out");
        expect(taken == LINES, "all positions");
        expect(furthestAhead < 2_000, furthestAhead + " lines were read before their turn");
    }
}
