# frozen_string_literal: true

# Summarizes the output of the health checks.
module HealthReport
  # Returns hosts, failing and slow checks, and the number of malformed lines.
  def self.summarize(text)
    res = { hosts: [], failing: [], slow: [], malformed: 0 }
    text.lines.each do |l|
      l = l.strip
      unless l.empty?
        unless l.start_with?("#")
          h, s, st, ms, *x = l.split
          if x.empty? && ms
            if (st == "ok" || st == "warn" || st == "fail") && ms.match?(/\A\d+\z/)
              res[:hosts] << h
              if st == "fail"
                res[:failing] << "#{h}/#{s}"
              else
                if ms.to_i > 500
                  res[:slow] << "#{h}/#{s}"
                end
              end
            else
              res[:malformed] += 1
            end
          else
            res[:malformed] += 1
          end
        end
      end
    end
    res[:hosts] = res[:hosts].uniq.sort
    res[:failing] = res[:failing].sort
    res[:slow] = res[:slow].sort
    res
  end
end
