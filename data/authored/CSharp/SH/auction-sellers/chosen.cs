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

    /// <summary>Returns where the link leads, if it leads anywhere.</summary>
    private static string Address(string website)
    {
        if (string.IsNullOrWhiteSpace(website))
            return null;
        string text = website.Trim();
        if (!text.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
            && !text.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            text = "https://" + text;
        return Uri.IsWellFormedUriString(text, UriKind.Absolute) ? text : null;
    }
}
