"""The app folder that ``lesionlab serve`` gives to MONAI Label."""
