import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.X509TrustManager;

final class Check {
    // Made for this check: an authority, a gateway's certificate from it, and one from another key under the same name.
    private static final String AUTHORITY = """
        -----BEGIN CERTIFICATE-----
        MIIBfjCCASOgAwIBAgIIG2JTV4Bc2cowCgYIKoZIzj0EAwIwKzEUMBIGA1UEChML
        TWV0ZXIgV29ya3MxEzARBgNVBAMTCkdhdGV3YXkgQ0EwIBcNMjAwMTAxMDAwMDAw
        WhgPMjExOTEyMDgwMDAwMDBaMCsxFDASBgNVBAoTC01ldGVyIFdvcmtzMRMwEQYD
        VQQDEwpHYXRld2F5IENBMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFWereJuU
        4mfcSvjC+08NSk65Z7dwKiuKfQaQ4/9yNvLPinu/XLgCoiSZgGTAF5ZcyYwMSAjB
        6cnYCvPSDz2ydKMvMC0wHQYDVR0OBBYEFNpeYD5YUut9Twm9Yd7n3VO8a4tmMAwG
        A1UdEwQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAJKWomLOz46Hq6UahP5CauMw
        q+/4lRjn4jbVHSpb0D59AiEAmF5gh2nWC7AFh07Q/W2ofsDCAR93QfFQ75Sz4mkn
        NoY=
        -----END CERTIFICATE-----
        """;
    private static final String GATEWAY = """
        -----BEGIN CERTIFICATE-----
        MIIBezCCASGgAwIBAgIJAMpBp4IdL42dMAoGCCqGSM49BAMCMCsxFDASBgNVBAoT
        C01ldGVyIFdvcmtzMRMwEQYDVQQDEwpHYXRld2F5IENBMCAXDTIwMDEwMTAwMDAw
        MFoYDzIxMTkxMjA4MDAwMDAwWjAVMRMwEQYDVQQDEwpnYXRld2F5LTE3MFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEL5wTlxGQ/knhmWXlQneYCwac89ZyHgCHpN8K
        9AyC6eUOrVux3FoXNlaiuwAX9jlVDUOBuM/0t42llyZauIpxh6NCMEAwHQYDVR0O
        BBYEFA8UBXBMAz+Zx/AQUnkBK8jME/9ZMB8GA1UdIwQYMBaAFNpeYD5YUut9Twm9
        Yd7n3VO8a4tmMAoGCCqGSM49BAMCA0gAMEUCIBjOm0lT7tHKBHelxiZlWQV13Dbn
        GwPxA24prpV1yBo2AiEAqCUvaRGeSmNsKzcKOCiBZV3qxKarswuKJOoMluzxzqo=
        -----END CERTIFICATE-----
        """;
    private static final String PRETENDER = """
        -----BEGIN CERTIFICATE-----
        MIIBezCCASGgAwIBAgIJAMB8PKxSuPO3MAoGCCqGSM49BAMCMCsxFDASBgNVBAoT
        C01ldGVyIFdvcmtzMRMwEQYDVQQDEwpHYXRld2F5IENBMCAXDTIwMDEwMTAwMDAw
        MFoYDzIxMTkxMjA4MDAwMDAwWjAVMRMwEQYDVQQDEwpnYXRld2F5LTE3MFkwEwYH
        KoZIzj0CAQYIKoZIzj0DAQcDQgAEPh6bfFGNBDZN4ZUYfRZBEykxHVY8pHRTBxf/
        XsH1zHcAeO7BQAMkQxs8itMcRCgirN918BLu6vJH8on53oEQDKNCMEAwHQYDVR0O
        BBYEFK9Ud9A126f18q0QLZ64I9ite+KPMB8GA1UdIwQYMBaAFM03szaky2jtNuXE
        a+ndS6zUs9FOMAoGCCqGSM49BAMCA0gAMEUCIQD/+I5iH7Etj6PsFI4/NAkzAhZF
        kiNbKpXoKivI3cY+uAIgdKJKRevhU5EHQD1QmDbL/FC9FYqecl5fC+z5/k2//6k=
        -----END CERTIFICATE-----
        """;

    private static X509Certificate certificate(String pem) throws CertificateException {
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        return (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(pem.getBytes()));
    }

    public static void main(String[] args) throws Exception {
        Path file = Files.createTempFile("authority", ".pem");
        try {
            Files.writeString(file, AUTHORITY);
            X509TrustManager trust = GatewayTrust.of(file);
            trust.checkServerTrusted(new X509Certificate[] {certificate(GATEWAY)}, "ECDHE_ECDSA");
            try {
                trust.checkServerTrusted(new X509Certificate[] {certificate(PRETENDER)}, "ECDHE_ECDSA");
                System.err.println("failed: a certificate of another authority was accepted");
                System.exit(1);
            } catch (CertificateException expected) {
                System.out.println("refused: " + expected.getMessage());
            }
        } finally {
            Files.delete(file);
        }
    }
}
