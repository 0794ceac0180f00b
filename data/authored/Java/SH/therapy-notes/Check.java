import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.spec.SecretKeySpec;

final class Check {
    private static void expect(boolean holds, String what) {
        if (!holds) {
            System.err.println("failed: " + what);
            System.exit(1);
        }
    }

    private static void expectClosed(NoteCipher cipher, String patient, byte[] sealed, String what) {
        try {
            cipher.open(patient, sealed);
            expect(false, what);
        } catch (GeneralSecurityException expected) {
            expect(true, "refused");
        }
    }

    public static void main(String[] args) throws GeneralSecurityException {
        NoteCipher cipher = new NoteCipher(new SecretKeySpec(new byte[32], "AES"));
        byte[] first = cipher.seal("p1", "sleeps badly, café at night");
        expect(cipher.open("p1", first).equals("sleeps badly, café at night"), "a note comes back");
        expectClosed(cipher, "p2", first, "moved to another patient");
        byte[] changed = first.clone();
        changed[changed.length - 20] ^= 1;
        expectClosed(cipher, "p1", changed, "changed");
        expectClosed(cipher, "p1", new byte[3], "cut off");
        byte[] again = cipher.seal("p1", "sleeps badly, café at night");
        expect(!Arrays.equals(first, again), "two notes are sealed with the same key stream");
    }
}
