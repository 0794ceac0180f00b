import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathExpressionException;
import org.w3c.dom.Document;

final class Check {
    private static void expect(List<String> expected, List<String> actual) {
        if (!expected.equals(actual)) {
            System.err.println("expected " + expected + ", got " + actual);
            System.exit(1);
        }
    }

    public static void main(String[] args) throws Exception {
        String xml = "<catalogue><object access='public'><title>Astrolabe</title><note>brass</note></object>"
            + "<object access='staff'><title>Astrolabe on loan</title><note>insured</note></object>"
            + "<object access='public'><title>Galileo's lens</title><note>-</note></object>"
            + "<object access='public'><title>The \"Golden\" globe</title><note>-</note></object></catalogue>";
        Document document = DocumentBuilderFactory.newInstance().newDocumentBuilder()
            .parse(new ByteArrayInputStream(xml.getBytes(StandardCharsets.UTF_8)));
        CatalogueSearch search = new CatalogueSearch(document);
        expect(List.of("Astrolabe"), search.titles("Astrolabe"));
        expect(List.of("Galileo's lens"), search.titles("o's"));
        expect(List.of("The \"Golden\" globe"), search.titles("\"Golden\""));
        expect(List.of(), search.titles("astro"));
        for (String hostile : new String[] {"x') or contains(\"a", "'\") or contains(title, \"Astro", "') or ('1'='1"}) {
            try {
                expect(List.of(), search.titles(hostile));
            } catch (XPathExpressionException malformed) {
                continue;
            }
        }
    }
}
