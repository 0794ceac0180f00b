"use strict";

/** Announcements only decorate the page. */
async function loadAnnouncements(api) {
  try {
    return await api.announcements();
  } catch {
    return [];
  }
}

/**
 * Everything that the account page shows.
 *
 * @param {object} api
 * @param {string} accountId
 */
async function loadOverview(api, accountId) {
  const { name, plan } = await api.account(accountId);

  const invoices = await api.invoices(accountId);
  const openInvoices = invoices.filter((invoice) => !invoice.paid).length;

  const usage = await api.usage(accountId);
  const usagePercent = Math.round((100 * usage.used) / usage.quota);

  const tickets = await api.tickets(accountId);
  const openTickets = tickets.filter((ticket) => ticket.state === "open").length;

  const announcements = await loadAnnouncements(api);

  return { name, plan, openInvoices, usagePercent, openTickets, announcements };
}

module.exports = { loadOverview };
