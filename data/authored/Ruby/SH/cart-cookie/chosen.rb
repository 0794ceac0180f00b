# frozen_string_literal: true

require "base64"
require "json"

# Keeps the cart of a visitor in a cookie.
module CartCookie
  module_function

  # Returns the cookie value of a cart (article number => quantity).
  def dump(cart)
    Base64.urlsafe_encode64(JSON.generate(cart), padding: false)
  end

  # Returns the cart of a cookie value, empty if there is none.
  def load(value)
    cart = JSON.parse(Base64.urlsafe_decode64(value.to_s))
    return {} unless cart.is_a?(Hash)

    cart.select { |_article, quantity| quantity.is_a?(Integer) && quantity.positive? }
  rescue ArgumentError, JSON::ParserError
    {}
  end
end
