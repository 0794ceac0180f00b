# frozen_string_literal: true

# Summarizes the output of the health checks.
module HealthReport
  # Returns hosts, failing and slow checks, and the number of malformed lines.
  def self.summarize(text)
    res = { hosts: [], failing: [], slow: [], malformed: 0 }
    text.lines.each do |l|
      l = l.strip
      if l != ""
        if l[0] != "#"
          a = l.split
          if a.length == 4
            if (a[2] == "ok" || a[2] == "warn" || a[2] == "fail") && a[3] =~ /\A\d+\z/
              res[:hosts] << a[0]
              if a[2] == "fail"
                res[:failing] << a[0] + "/" + a[1]
              else
                if a[3].to_i > 500
                  res[:slow] << a[0] + "/" + a[1]
                end
              end
            else
              res[:malformed] = res[:malformed] + 1
            end
          else
            res[:malformed] = res[:malformed] + 1
          end
        end
      end
    end
    res[:hosts] = res[:hosts].uniq.sort
    res[:failing] = res[:failing].sort
    res[:slow] = res[:slow].sort
    return res
  end
end
