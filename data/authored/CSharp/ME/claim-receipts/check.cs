using System;
using System.Collections.Generic;
using System.Reflection;

public class Recorder : IClaimStore, IMailer, IScheduler
{
    public readonly List<string> Mails = new List<string>();
    public Action Scheduled;
    public TimeSpan Delay;
    public int Saved;

    public void Save(Upload upload) { Saved++; }
    public void Send(string email, string text) { Mails.Add(email + ": " + text); }
    public void After(TimeSpan delay, Action action) { Delay = delay; Scheduled = action; }
}

public static class Check
{
    private static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            Console.Error.WriteLine("failed: " + what);
            Environment.Exit(1);
        }
    }

    /// <summary>Whether the object, or one that it refers to, is an upload or its content.</summary>
    private static bool Holds(object held, HashSet<object> seen)
    {
        if (held == null || held is string || held.GetType().IsPrimitive || !seen.Add(held))
            return false;
        if (held is Upload || held is byte[])
            return true;
        BindingFlags all = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        foreach (FieldInfo field in held.GetType().GetFields(all))
        {
            if (!(field.GetValue(held) is Recorder) && !field.FieldType.IsPointer && Holds(field.GetValue(held), seen))
                return true;
        }
        return false;
    }

    public static int Main()
    {
        var recorder = new Recorder();
        var desk = new ClaimDesk(recorder, recorder, recorder);
        desk.Accept(new Upload { Email = "a@example.org", FileName = "photo.jpg", Content = new byte[2048] });
        Expect(recorder.Saved == 1 && recorder.Mails.Count == 0 && recorder.Delay.TotalHours == 12, "saved and scheduled");
        bool holds = Holds(recorder.Scheduled.Target, new HashSet<object>());
        recorder.Scheduled();
        Expect(string.Join("|", recorder.Mails) == "a@example.org: We have received photo.jpg (2048 bytes).", "mail");
        Expect(!holds, "the scheduled action holds the upload");
        return 0;
    }
}
