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
        return new Thumbnail(name, columns, sampled);
    }

    static final class Thumbnail {

        private final String name;
        private final int width;
        private final int[] sampled;

        private Thumbnail(String name, int width, int[] sampled) {
            this.name = name;
            this.width = width;
            this.sampled = sampled;
        }

        /** The name and this size. */
        String caption() {
            return name + " (" + width() + " x " + height() + ")";
        }

        int width() {
            return width;
        }

        int height() {
            return width == 0 ? 0 : sampled.length / width;
        }

        int pixel(int x, int y) {
            return sampled[y * width + x];
        }
    }
}
