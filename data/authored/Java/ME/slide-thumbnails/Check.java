import java.lang.reflect.Field;
import java.util.Arrays;

final class Check {
    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    /** The number of ints that an object of the answer holds, through objects of the answer. */
    private static long heldInts(Object object) throws IllegalAccessException {
        long held = 0;
        for (Field field : object.getClass().getDeclaredFields()) {
            field.setAccessible(true);
            Object value = field.get(object);
            if (value instanceof int[] numbers) {
                held += numbers.length;
            } else if (value != null && value.getClass().getName().startsWith("SlideImage")) {
                held += heldInts(value);
            }
        }
        return held;
    }

    public static void main(String[] args) throws IllegalAccessException {
        int[] pixels = new int[5 * 4];
        Arrays.setAll(pixels, i -> i);
        SlideImage.Thumbnail small = new SlideImage("biopsy 17", 5, 4, pixels).thumbnail(2);
        expect(small.width() == 3 && small.height() == 2, "size");
        expect(small.pixel(0, 0) == 0 && small.pixel(2, 0) == 4 && small.pixel(1, 1) == 12, "pixels");
        expect(small.caption().equals("biopsy 17 (3 x 2)"), small.caption());

        SlideImage.Thumbnail thumbnail = new SlideImage("large", 1000, 800, new int[800_000]).thumbnail(100);
        expect(heldInts(thumbnail) == 80, "the thumbnail holds " + heldInts(thumbnail) + " pixels");
    }
}
