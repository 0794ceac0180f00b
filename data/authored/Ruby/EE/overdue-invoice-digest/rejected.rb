# frozen_string_literal: true

# Daily digest of the customers who owe us money.
class OverdueDigest
  def initialize(invoices, customers)
    @invoices = invoices
    @customers = customers
  end

  # Returns one line per customer with overdue invoices, sorted by name.
  def lines(today)
    owed = @invoices.due_before(today).group_by(&:customer_id)
    customers = owed.keys.map { |id| @customers.find(id) }

    customers.sort_by { |customer| [customer.name, customer.id] }.map do |customer|
      summary(customer, owed.fetch(customer.id))
    end
  end

  private

  def summary(customer, invoices)
    amount = format("%.2f", invoices.sum(&:cents) / 100.0)
    oldest = invoices.map(&:due_on).min
    "#{customer.name} <#{customer.email}>: #{invoices.size} invoices, #{amount} overdue, oldest since #{oldest}"
  end
end
