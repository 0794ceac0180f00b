import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.List;

final class Check {
    private static boolean ran;

    /** Stands for any class on the class path that does something when it is read. */
    static final class Gadget implements Serializable {
        private static final long serialVersionUID = 1;

        private void readObject(ObjectInputStream in) {
            ran = true;
        }
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    public static void main(String[] args) throws IOException {
        SavedGame game = new SavedGame("Mira", 12, List.of("lamp", "rope"));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SaveFiles.write(game, out);
        expect(SaveFiles.read(new ByteArrayInputStream(out.toByteArray())).equals(game), "a saved game comes back");

        ByteArrayOutputStream hostile = new ByteArrayOutputStream();
        try (ObjectOutputStream objects = new ObjectOutputStream(hostile)) {
            objects.writeInt(0x41445631);
            objects.writeObject(new Gadget());
        }
        for (byte[] file : new byte[][] {new byte[0], {1, 2, 3, 4, 5}, hostile.toByteArray()}) {
            try {
                SaveFiles.read(new ByteArrayInputStream(file));
                expect(false, "something else was read");
            } catch (IOException expected) {
                expect(!ran, "code of another class ran");
            }
        }
    }
}
