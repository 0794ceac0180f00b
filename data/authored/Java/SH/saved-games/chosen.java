import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;

record SavedGame(String hero, int level, List<String> items) {
}

final class SaveFiles {

    private static final int MAGIC = 0x41445631;
    private static final int MOST_ITEMS = 500;

    private SaveFiles() {
    }

    static void write(SavedGame game, OutputStream out) throws IOException {
        DataOutputStream data = new DataOutputStream(out);
        data.writeInt(MAGIC);
        data.writeUTF(game.hero());
        data.writeInt(game.level());
        data.writeInt(game.items().size());
        for (String item : game.items()) {
            data.writeUTF(item);
        }
        data.flush();
    }

    static SavedGame read(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        if (data.readInt() != MAGIC) {
            throw new IOException("not a saved game");
        }
        String hero = data.readUTF();
        int level = data.readInt();
        int count = data.readInt();
        if (count < 0 || count > MOST_ITEMS) {
            throw new IOException("a saved game of " + count + " items");
        }
        List<String> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(data.readUTF());
        }
        return new SavedGame(hero, level, items);
    }
}
