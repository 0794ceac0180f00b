# frozen_string_literal: true

require_relative "solution"

def expect(label, actual, expected)
  return if actual == expected

  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}"
end

def missing?(settings, path)
  settings.fetch(path)
  false
rescue KeyError
  true
end

plain = MailerSettings.new
expect "default port", plain.fetch("smtp.port"), 25
expect "default sender", plain.fetch("from"), "noreply@example.org"
expect "unknown section", missing?(plain, "imap.port"), true
expect "unknown name", missing?(plain, "smtp.proxy"), true
expect "path below a value", missing?(plain, "from.name"), true

overrides = { smtp: { host: "mx.acme.test", tls: true }, from: "hello@acme.test" }
acme = MailerSettings.new(overrides)
expect "own host", acme.fetch("smtp.host"), "mx.acme.test"
expect "own tls", acme.fetch("smtp.tls"), true
expect "kept port", acme.fetch("smtp.port"), 25
expect "own sender", acme.fetch("from"), "hello@acme.test"
expect "overrides untouched", overrides, { smtp: { host: "mx.acme.test", tls: true }, from: "hello@acme.test" }

other = MailerSettings.new(retry: { attempts: 1 })
expect "host of another customer", other.fetch("smtp.host"), "localhost"
expect "tls of another customer", other.fetch("smtp.tls"), false
expect "own attempts", other.fetch("retry.attempts"), 1
