import java.util.ArrayList;
import java.util.List;
import javax.xml.xpath.XPath;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathExpressionException;
import javax.xml.xpath.XPathFactory;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

final class CatalogueSearch {

    private static final String MATCHES =
        "/catalogue/object[@access = 'public' and contains(title, %s)]/title";

    private final Document catalogue;

    CatalogueSearch(Document catalogue) {
        this.catalogue = catalogue;
    }

    List<String> titles(String text) throws XPathExpressionException {
        // A literal of XPath may stand in either kind of quotes; take the kind that the text does without.
        String literal = text.contains("'") ? '"' + text + '"' : "'" + text + "'";
        XPath xpath = XPathFactory.newInstance().newXPath();
        NodeList nodes =
            (NodeList) xpath.evaluate(String.format(MATCHES, literal), catalogue, XPathConstants.NODESET);

        List<String> titles = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            titles.add(nodes.item(i).getTextContent());
        }
        return titles;
    }
}
