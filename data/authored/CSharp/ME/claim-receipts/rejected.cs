using System;

public class Upload
{
    public string Email { get; set; }
    public string FileName { get; set; }
    public byte[] Content { get; set; }
}

public interface IClaimStore
{
    void Save(Upload upload);
}

public interface IMailer
{
    void Send(string email, string text);
}

public interface IScheduler
{
    void After(TimeSpan delay, Action action);
}

public class ClaimDesk
{
    private static readonly TimeSpan ReceiptDelay = TimeSpan.FromHours(12);

    private readonly IClaimStore store;
    private readonly IMailer mailer;
    private readonly IScheduler scheduler;

    public ClaimDesk(IClaimStore store, IMailer mailer, IScheduler scheduler)
    {
        this.store = store;
        this.mailer = mailer;
        this.scheduler = scheduler;
    }

    public void Accept(Upload upload)
    {
        store.Save(upload);
        // The text is put together when the mail goes out.
        scheduler.After(ReceiptDelay, () => mailer.Send(upload.Email, Receipt(upload)));
    }

    /// <summary>Names the file and its size, which customers compare with their own.</summary>
    private static string Receipt(Upload upload)
    {
        return "We have received " + upload.FileName + " (" + upload.Content.Length + " bytes).";
    }
}
