import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

final class ThemeInstaller {

    private static final String SKIPPED_FOLDER = "__MACOSX/";

    private ThemeInstaller() {
    }

    static int install(InputStream upload, Path themeFolder) throws IOException {
        Path root = Files.createDirectories(themeFolder).toRealPath();
        int written = 0;
        try (ZipInputStream zip = new ZipInputStream(upload)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (entry.getName().startsWith(SKIPPED_FOLDER)) {
                    continue;
                }
                Path target = root.resolve(entry.getName()).normalize();
                if (!target.startsWith(root)) {
                    throw new IOException("entry outside the theme: " + entry.getName());
                }
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else {
                    Files.createDirectories(target.getParent());
                    Files.copy(zip, target, StandardCopyOption.REPLACE_EXISTING);
                    written++;
                }
            }
        }
        return written;
    }
}
