import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

final class ThemeInstaller {

    private static final String SKIPPED_FOLDER = "__MACOSX/";

    private ThemeInstaller() {
    }

    static int install(InputStream upload, Path themeFolder) throws IOException {
        int written = 0;
        Files.createDirectories(themeFolder);
        try (ZipInputStream zip = new ZipInputStream(upload)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().startsWith(SKIPPED_FOLDER)) {
                    continue;
                }
                if (entry.getName().startsWith("/")) {
                    throw new IOException("absolute entry: " + entry.getName());
                }
                Path target = themeFolder.resolve(entry.getName());
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    writeFile(zip, target);
                    written++;
                }
            }
        }
        return written;
    }

    private static void writeFile(InputStream content, Path target) throws IOException {
        Files.createDirectories(target.getParent());
        try (OutputStream out = Files.newOutputStream(target)) {
            content.transferTo(out);
        }
    }
}
