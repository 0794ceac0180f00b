import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.X509TrustManager;

final class GatewayTrust implements X509TrustManager {

    private final X509Certificate authority;

    private GatewayTrust(X509Certificate authority) {
        this.authority = authority;
    }

    static X509TrustManager of(Path authorityFile) throws GeneralSecurityException, IOException {
        try (InputStream in = Files.newInputStream(authorityFile)) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            return new GatewayTrust((X509Certificate) factory.generateCertificate(in));
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        chain[0].checkValidity();
        if (!chain[0].getIssuerX500Principal().equals(authority.getSubjectX500Principal())) {
            throw new CertificateException("not a gateway: " + chain[0].getSubjectX500Principal());
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        throw new CertificateException("clients are not checked here");
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[] {authority};
    }
}
