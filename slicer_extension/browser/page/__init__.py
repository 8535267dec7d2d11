"""The page: elements of Vuetify that show `browser.shown.Shown` and call `browser.actions.Actions`."""
