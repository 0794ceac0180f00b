import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

final class GatewayTrust {

    private GatewayTrust() {
    }

    static X509TrustManager of(Path authorityFile) throws GeneralSecurityException, IOException {
        KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
        authorities.load(null, null);
        try (InputStream in = Files.newInputStream(authorityFile)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            authorities.setCertificateEntry("gateways", factory.generateCertificate(in));
        }

        String algorithm = TrustManagerFactory.getDefaultAlgorithm();
        TrustManagerFactory managers = TrustManagerFactory.getInstance(algorithm);
        managers.init(authorities);
        for (TrustManager manager : managers.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return x509;
            }
        }
        throw new GeneralSecurityException("no X.509 trust manager for " + algorithm);
    }
}
