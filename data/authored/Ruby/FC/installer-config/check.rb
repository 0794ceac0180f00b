# frozen_string_literal: true

require_relative "solution"

def expect(actual, expected, label)
  abort "#{label}: got #{actual.inspect}, expected #{expected.inspect}" unless actual == expected
end

def fill(template, values)
  InstallerConfig.fill(template, values)
end

expect fill("port=@PORT@\nid=@TILL_ID@/@PORT@\n", { "PORT" => "80", "TILL_ID" => "7", "X" => "y" }), "port=80\nid=7/80\n", "plain"
expect fill("mail=a@b.test @lower@", {}), "mail=a@b.test @lower@", "no placeholders"
expect fill("dir=@DATA_DIR@", { "DATA_DIR" => 'D:\Data\till' }), 'dir=D:\Data\till', "path"
expect fill("dir=@DATA_DIR@", { "DATA_DIR" => 'C:\Till\0815' }), 'dir=C:\Till\0815', "path with digits"
expect fill("to=@BACKUP@", { "BACKUP" => '\\\\backup\\till' }), 'to=\\\\backup\\till', "network path"
begin
  fill("@ONE@ @TWO@ @THREE@", { "TWO" => "2" })
  abort "missing values were accepted"
rescue KeyError => e
  expect e.message.scan(/[A-Z]{2,}/), %w[ONE THREE], "missing names"
end
