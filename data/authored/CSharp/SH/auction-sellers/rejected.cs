using System;
using System.Net;
using System.Text;

public class Seller
{
    public string Name { get; set; }
    public string Website { get; set; }
    public string About { get; set; }
}

public static class SellerCard
{
    public static string Render(Seller seller)
    {
        var html = new StringBuilder("<div class=\"seller\">");
        html.Append("<h3>").Append(WebUtility.HtmlEncode(seller.Name)).Append("</h3>");
        if (!string.IsNullOrEmpty(seller.About))
            html.Append("<p>").Append(WebUtility.HtmlEncode(seller.About)).Append("</p>");
        string address = Address(seller.Website);
        if (address != null)
        {
            html.Append("<a href=\"").Append(WebUtility.HtmlEncode(address)).Append("\">");
            html.Append(WebUtility.HtmlEncode(seller.Website)).Append("</a>");
        }
        return html.Append("</div>").ToString();
    }

    private static string Address(string website)
    {
        if (string.IsNullOrWhiteSpace(website))
            return null;
        // Without a scheme the text is no absolute address yet.
        string text = website.Trim();
        if (Uri.IsWellFormedUriString(text, UriKind.Absolute))
            return text;
        text = "https://" + text;
        return Uri.IsWellFormedUriString(text, UriKind.Absolute) ? text : null;
    }
}
