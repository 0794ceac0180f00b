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
        // The mail is written now and goes out later.
        string email = upload.Email;
        string text = Receipt(upload);
        scheduler.After(ReceiptDelay, () => mailer.Send(email, text));
    }

    private static string Receipt(Upload upload)
    {
        return "We have received " + upload.FileName + " (" + upload.Content.Length + " bytes).";
    }
}
