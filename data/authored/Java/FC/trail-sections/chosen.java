import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

record Section(double lowest, double highest, double climb) {
}

final class TrailProfile {

    private TrailProfile() {
    }

    static List<Section> sections(double[] metres, int perSection) {
        if (perSection < 1) {
            throw new IllegalArgumentException("perSection: " + perSection);
        }
        List<Section> sections = new ArrayList<>();
        int start = 0;
        while (start < metres.length) {
            int length = Math.min(perSection, metres.length - start);
            sections.add(summarise(Arrays.copyOfRange(metres, start, start + length)));
            start += length;
        }
        return sections;
    }

    /** Summarises the points of a section, of which there is at least one. */
    private static Section summarise(double[] points) {
        double lowest = points[0];
        double highest = points[0];
        double climb = 0;
        for (int i = 1; i < points.length; i++) {
            lowest = Math.min(lowest, points[i]);
            highest = Math.max(highest, points[i]);
            climb += Math.max(0, points[i] - points[i - 1]);
        }
        return new Section(lowest, highest, climb);
    }
}
