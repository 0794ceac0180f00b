# frozen_string_literal: true

require_relative "solution"

Friend = Struct.new(:name, :town)

def footer(name, town)
  "You get this as #{name}, #{town}. Reply STOP to end it.\n"
end

newsletter = Newsletter.new("Dear <%= name %>,\nwe sing in <%= town.upcase %>.\n")
expected = "Dear Ada,\nwe sing in YORK.\n\n#{footer('Ada', 'York')}"
actual = newsletter.for(Friend.new("Ada", "York"))
abort "got #{actual.inspect}" unless actual == expected

$entered = []
code = "<%= $entered << 1 %>"
[Friend.new(code, "York"), Friend.new("Ada", code)].each do |friend|
  mail = newsletter.for(friend)
  abort "an entry of the form was executed" unless $entered.empty?
  abort "got #{mail.inspect}" unless mail.end_with?(footer(friend.name, friend.town))
end
