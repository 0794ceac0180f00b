final class SlideImage {

    private final String name;
    private final int width;
    private final int height;
    private final int[] pixels;

    SlideImage(String name, int width, int height, int[] pixels) {
        this.name = name;
        this.width = width;
        this.height = height;
        this.pixels = pixels;
    }

    Thumbnail thumbnail(int factor) {
        int columns = (width + factor - 1) / factor;
        int rows = (height + factor - 1) / factor;
        int[] sampled = new int[columns * rows];
        for (int i = 0; i < sampled.length; i++) {
            sampled[i] = pixels[i / columns * factor * width + i % columns * factor];
        }
        return new Thumbnail(columns, sampled);
    }

    final class Thumbnail {

        private final int columns;
        private final int[] sampled;

        private Thumbnail(int columns, int[] sampled) {
            this.columns = columns;
            this.sampled = sampled;
        }

        /** The slide's name, followed by the size of this thumbnail. */
        String caption() {
            return String.format("%s (%d x %d)", name, width(), height());
        }

        int width() {
            return columns;
        }

        int height() {
            return columns == 0 ? 0 : sampled.length / columns;
        }

        /** The colour at a column and a row, both counted from 0. */
        int pixel(int x, int y) {
            return sampled[y * columns + x];
        }
    }
}
