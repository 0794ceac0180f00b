import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

record SavedGame(String hero, int level, List<String> items) implements Serializable {
}

final class SaveFiles {

    private static final int MAGIC = 0x41445631;
    private static final int MOST_ITEMS = 500;

    private SaveFiles() {
    }

    static void write(SavedGame game, OutputStream out) throws IOException {
        ObjectOutputStream data = new ObjectOutputStream(out);
        data.writeInt(MAGIC);
        data.writeObject(new SavedGame(game.hero(), game.level(), new ArrayList<>(game.items())));
        data.flush();
    }

    static SavedGame read(InputStream in) throws IOException {
        ObjectInputStream data = new ObjectInputStream(in);
        if (data.readInt() != MAGIC) {
            throw new IOException("not a saved game");
        }
        try {
            SavedGame game = (SavedGame) data.readObject();
            if (game.items().size() > MOST_ITEMS) {
                throw new IOException("a saved game of " + game.items().size() + " items");
            }
            return game;
        } catch (ClassNotFoundException | RuntimeException e) {
            throw new IOException("not a saved game", e);
        }
    }
}
