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

    private static Section summarise(double[] points) {
        double lowest = Double.MAX_VALUE;
        double highest = Double.MIN_VALUE;
        double climb = 0;
        for (int i = 0; i < points.length; i++) {
            lowest = Math.min(lowest, points[i]);
            highest = Math.max(highest, points[i]);
            climb += i == 0 ? 0 : Math.max(0, points[i] - points[i - 1]);
        }
        return new Section(lowest, highest, climb);
    }
}
