import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

record Invoice(String number, List<String> articles, long totalCents) {
}

final class InvoiceReader {

    static Invoice read(InputStream in) throws IOException {
        Element root = parse(in);
        List<String> articles = new ArrayList<>();
        long totalCents = 0;
        NodeList lines = root.getElementsByTagName("line");
        for (int i = 0; i < lines.getLength(); i++) {
            Element line = (Element) lines.item(i);
            articles.add(text(line, "article"));
            totalCents += cents(line);
        }
        return new Invoice(text(root, "number"), articles, totalCents);
    }

    private static long cents(Element line) throws IOException {
        String digits = text(line, "cents");
        if (!digits.matches("-?\\d{1,15}")) {
            throw new IOException("not an amount: " + digits);
        }
        return Long.parseLong(digits);
    }

    private static String text(Element parent, String name) throws IOException {
        NodeList found = parent.getElementsByTagName(name);
        if (found.getLength() != 1) {
            throw new IOException("expected one element " + name);
        }
        return found.item(0).getTextContent().strip();
    }

    private static Element parse(InputStream in) throws IOException {
        try {
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setIgnoringComments(true);
            Element root = factory.newDocumentBuilder().parse(in).getDocumentElement();
            if (!root.getTagName().equals("invoice")) {
                throw new IOException("not an invoice");
            }
            return root;
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException("not readable as XML", e);
        }
    }
}
