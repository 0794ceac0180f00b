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
        "/catalogue/object[@access = 'public' and contains(title, $text)]/title";

    private final Document catalogue;

    CatalogueSearch(Document catalogue) {
        this.catalogue = catalogue;
    }

    List<String> titles(String text) throws XPathExpressionException {
        XPath xpath = XPathFactory.newInstance().newXPath();
        // The expression has one variable, $text.
        xpath.setXPathVariableResolver(name -> text);
        NodeList nodes = (NodeList) xpath.evaluate(MATCHES, catalogue, XPathConstants.NODESET);

        List<String> titles = new ArrayList<>();
        for (int i = 0; i < nodes.getLength(); i++) {
            titles.add(nodes.item(i).getTextContent());
        }
        return titles;
    }
}
