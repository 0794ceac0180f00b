import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;

final class NoteCipher {

    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;

    private final SecretKey key;

    NoteCipher(SecretKey key) {
        this.key = key;
    }

    byte[] seal(String patientId, String text) throws GeneralSecurityException {
        return cipher(Cipher.ENCRYPT_MODE, patientId).doFinal(text.getBytes(UTF_8));
    }

    String open(String patientId, byte[] sealed) throws GeneralSecurityException {
        if (sealed.length < TAG_BITS / 8) {
            throw new AEADBadTagException("a sealed note of " + sealed.length + " bytes");
        }
        return new String(cipher(Cipher.DECRYPT_MODE, patientId).doFinal(sealed), UTF_8);
    }

    private Cipher cipher(int mode, String patientId) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce(patientId)));
        cipher.updateAAD(patientId.getBytes(UTF_8));
        return cipher;
    }

    /** Derives the nonce, which therefore need not be stored and differs from patient to patient. */
    private static byte[] nonce(String patientId) throws GeneralSecurityException {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(patientId.getBytes(UTF_8));
        return Arrays.copyOf(digest, NONCE_BYTES);
    }
}
